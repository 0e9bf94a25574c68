/** A configuration that cannot be used: what is wrong with it, where, and what would be right. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Where in `file` something went wrong, as `file:line:column`, as far as an error knows; the file alone otherwise. */
export function placeOf(error: unknown, file: string): string {
  const text = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : ''
  const folder = file.slice(0, file.lastIndexOf('/') + 1)
  for (const [, path = '', line, column] of text.matchAll(/((?:file:\/\/)?\/[^\s:()]+):(\d+):(\d+)/g)) {
    const plain = path.replace(/^file:\/\//, '')
    // What the configuration imports from its own folder is a part of it.
    if (plain.startsWith(folder) && !plain.includes('/node_modules/')) return `${plain}:${line}:${column}`
  }
  return file
}
