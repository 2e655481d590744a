# Completion of podium for fish: podium completion fish > ~/.config/fish/completions/podium.fish

function __podium_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    # A quote that is still open cannot be taken off.
    set -l plain (string unescape -- $current 2>/dev/null)
    and set current $plain
    set -l program (string replace -r '^~' $HOME -- $words[1])
    $program __complete fish $words[2..-1] "$current" 2>/dev/null
end

complete -c podium -e
complete -c podium -f -k -a '(__podium_complete)'
