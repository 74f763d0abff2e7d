interface CompletedOption {
  /** `--format` */
  name: string;
  about: string;
  takesValue: boolean;
  /** Empty: any value, for which files are offered. */
  choices: readonly string[];
}

export interface CompletedCommand {
  name: string;
  about: string;
  options: readonly CompletedOption[];
  /** Of its arguments; empty: any, for which files are offered. */
  choices: readonly string[];
}

/** A script for each shell. Names and choices hold only letters, digits and `-`. */
export const completionScripts: Record<
  'bash' | 'zsh' | 'fish',
  (commands: readonly CompletedCommand[]) => string
> = { bash, zsh, fish };

function bash(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name).join(' ');
  const cases = commands.map(({ name, options, choices }) => {
    const words = [...options.map((option) => option.name), ...choices].join(' ');
    const values = options.filter(({ takesValue }) => takesValue);
    const previous = values.map(({ name: flag, choices: allowed }) => {
      const action = allowed.length > 0 ? `words='${allowed.join(' ')}'` : 'words=""';
      return `        ${flag}) ${action} ;;`;
    });
    return [
      `    ${name})`,
      `      case "$previous" in`,
      ...previous,
      `        *) words='${words}' ;;`,
      `      esac ;;`,
    ].join('\n');
  });
  return `# Completion of tributary for bash.
_tributary() {
  local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '${names} --help --version' -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
# Where nothing fits, files are offered.
complete -o default -F _tributary tributary
`;
}

function zsh(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name, about }) => `    ${quote(`${name}:${about}`)}`);
  const cases = commands.map(({ name, options, choices }) => {
    const specs = options.map(({ name: flag, about, takesValue, choices: allowed }) => {
      const values = allowed.length > 0 ? `(${allowed.join(' ')})` : '_files';
      const value = takesValue ? `:value:${values}` : '';
      return `'*'${flag}${quote(`[${about.replace(/[[\]:\\]/g, '\\$&')}]`)}${value && quote(value)}`;
    });
    const argument = choices.length > 0 ? `(${choices.join(' ')})` : '_files';
    const all = [...specs, quote(`*:argument:${argument}`)].map((spec) => `        ${spec}`);
    return `    ${name})\n      _arguments \\\n${all.join(' \\\n')} ;;`;
  });
  return `#compdef tributary
# Completion of tributary for zsh.
_tributary() {
  local -a commands
  commands=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT -= 1 ))
  case "$words[1]" in
${cases.join('\n')}
  esac
}
# Sourced from ~/.zshrc, or autoloaded from a folder of $fpath.
if [ "$funcstack[1]" = _tributary ]; then
  _tributary "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
  compdef _tributary tributary
fi
`;
}

function fish(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ name, about, options, choices }) => [
    `complete -c tributary -n __fish_use_subcommand -f -a ${name} -d ${quote(about)}`,
    ...options.map(({ name: flag, about: what, takesValue, choices: allowed }) => {
      const within = `-n '__fish_seen_subcommand_from ${name}'`;
      const values = allowed.length > 0 ? ` -x -a ${quote(allowed.join(' '))}` : ' -r';
      const value = takesValue ? values : '';
      return `complete -c tributary ${within} -l ${flag.slice(2)}${value} -d ${quote(what)}`;
    }),
    ...(choices.length > 0
      ? [
          `complete -c tributary -n '__fish_seen_subcommand_from ${name}' -f -a ${quote(choices.join(' '))}`,
        ]
      : []),
  ]);
  return `# Completion of tributary for fish.\n${lines.join('\n')}\n`;
}

/** One word of any of the three shells. fish reads a backslash in quotes, the others do not: none is written. */
function quote(text: string): string {
  return `'${text.replaceAll('\\', '').replaceAll("'", '’')}'`;
}
