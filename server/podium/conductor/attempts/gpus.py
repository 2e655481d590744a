"""The variables that say which GPUs a sheet has.

CUDA_VISIBLE_DEVICES is read by CUDA and by HIP, HIP_VISIBLE_DEVICES by HIP alone, and programs that read both want them to be the
same. CUDA_DEVICE_ORDER makes an index of CUDA mean what it means to nvidia-smi: without it CUDA puts the fastest first, and
leaves the order of the others open.

Two are left alone on purpose. ROCR_VISIBLE_DEVICES works one layer below HIP, which then numbers what is left from 0: with both,
a sheet that has GPU 1 would see none. NVIDIA_VISIBLE_DEVICES is for the start of containers, in which what it lets in is numbered
from 0 as well; `docker run --gpus "device=$CUDA_VISIBLE_DEVICES"` says the same there.
"""

from collections.abc import Mapping

VISIBLE = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")
ORDER = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


def variables(gpus: tuple[int, ...]) -> dict[str, str]:
    """Return what a sheet with these GPUs gets, nothing for one without."""
    return {**dict.fromkeys(VISIBLE, ",".join(map(str, gpus))), **ORDER} if gpus else {}


def overruled(gpus: tuple[int, ...], given: Mapping[str, str]) -> list[str]:
    """Return which of these variables were given with another value. Ours count: the others may belong to another sheet."""
    return [name for name, value in variables(gpus).items() if given.get(name, value) != value]
