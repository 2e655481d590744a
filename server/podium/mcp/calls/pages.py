"""Pages of the reference, which the server itself knows: they are there also when no conductor runs."""

from anyio.to_thread import run_sync

from podium.contract.topics import Page


async def read_page(topic: str) -> Page:
    """Return a page. The code that reads scores is loaded by the first one: most servers never need it."""

    def read() -> Page:
        from podium.reference.page import page  # noqa: PLC0415

        return page(topic)

    return await run_sync(read)
