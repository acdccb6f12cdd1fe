/**
 * What a shell has to know to complete `pipeline`: at each TAB it asks `pipeline complete -- WORDS`, which answers with
 * a suggestion a line, and after a tab what it means. What was typed is handed on as words and never evaluated.
 */

const bash = `_pipeline() {
  local IFS=$'\\n'
  COMPREPLY=($(pipeline complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1))
}
complete -o default -F _pipeline pipeline`;

const zsh = `#compdef pipeline
_pipeline() {
  local -a found
  found=(\${(f)"$(pipeline complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  found=("\${(@)found//:/\\\\:}")
  found=("\${(@)found/$'\\t'/:}")
  _describe pipeline found || _files
}
compdef _pipeline pipeline`;

const fish = `complete --command pipeline --no-files --arguments '(
  pipeline complete -- (commandline --current-process --tokenize --cut-at-cursor)[2..] (commandline --current-token --cut-at-cursor) 2>/dev/null
)'`;

export const completionScripts = { bash, zsh, fish } as const;

export type Shell = keyof typeof completionScripts;
