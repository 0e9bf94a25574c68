import { dirname } from 'node:path'

/** A configuration that cannot be used: what is wrong with it, where, and what would be right. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** Where in `file` something went wrong, as `file:line:column`, as far as an error knows; the file alone otherwise. */
export function placeOf(error: unknown, file: string): string {
  const text = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : ''
  // What the configuration imports from its own folder is a part of it.
  const folder = `${dirname(file)}/`.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')
  for (const [place] of text.matchAll(new RegExp(`${folder}[^:\\n]*:\\d+:\\d+`, 'g')))
    if (!place.includes('/node_modules/')) return place
  return file
}
