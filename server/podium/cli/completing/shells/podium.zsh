#compdef podium
# Completion of podium for zsh: source <(podium completion zsh), below compinit.

_podium() {
    local candidate text shown
    local -a texts shown_texts open shown_open
    while IFS= read -r candidate; do
        text=${candidate%%$'\t'*}
        shown=$text
        [[ $candidate == *$'\t'* ]] && shown="$text  -- ${candidate#*$'\t'}"
        # After name= and folder/ one types on.
        if [[ $text == *[=/] ]]; then
            open+=("$text") shown_open+=("$shown")
        else
            texts+=("$text") shown_texts+=("$shown")
        fi
    done < <("${(Q)words[1]/#\~/$HOME}" __complete zsh "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)
    # With a group of its own (-V) they stay in order; -l lists one a line.
    (( $#texts )) && compadd -V podium -l -d shown_texts -a texts
    (( $#open )) && compadd -V podium-open -l -S '' -d shown_open -a open
    (( $#texts + $#open ))
}

if [[ $funcstack[1] == _podium ]]; then
    _podium "$@"
else
    compdef _podium podium
fi
