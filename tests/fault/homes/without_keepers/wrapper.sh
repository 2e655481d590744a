exec 3>&2 4<>"$1/record" 2>/dev/null
set +eu
[ -z "$4" ] || printf 0 >"$4/cgroup.procs"
podium_stop=
trap 'podium_stop=1' HUP INT QUIT PIPE ALRM TERM USR1 USR2
podium_start() { shift 21; podium_ticks=$1; }
read -r podium_stat </proc/$$/stat && podium_start $podium_stat
printf '%-127s\n' "$$ ${podium_ticks:-0} $2 end" >&4
if ! cd -- "$3"; then
  set -- no_workspace 126
elif [ -n "$podium_stop" ]; then
  set -- exited 143
else
  shift 4
  (exec "$@" 2>&3 3>&- 4>&-)
  set -- exited $?
fi
printf '%s %s end\n' "$1" "$2" >&4
exit "$2"
