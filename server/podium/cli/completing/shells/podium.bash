# Completion of podium for bash: source <(podium completion bash)

_podium() {
    local candidate
    COMPREPLY=()
    while IFS= read -r candidate; do
        COMPREPLY+=("$candidate")
    done < <("${1/#\~/$HOME}" __complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
    # After name= and folder/ one types on.
    [[ ${COMPREPLY[0]-} == *[=/] ]] && compopt -o nospace 2>/dev/null
    return 0
}

# An older bash sorts the jobs.
complete -o nosort -F _podium podium 2>/dev/null || complete -F _podium podium
