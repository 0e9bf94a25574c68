/** Where in an expression something is wrong; `offset` counts UTF-16 units from its beginning. */
export interface CelIssue {
  readonly offset: number
  readonly message: string
}

/** Issues as cel-go prints them: position, message, the line, and a caret below the place. */
export function printIssues(source: string, issues: readonly CelIssue[]): string {
  return issues.map(issue => printIssue(source, issue)).join('\n')
}

function printIssue(source: string, { offset, message }: CelIssue): string {
  const before = source.slice(0, offset)
  const lineStart = before.lastIndexOf('\n') + 1
  const line = before.split('\n').length
  const column = offset - lineStart
  const end = source.indexOf('\n', lineStart)
  const text = source.slice(lineStart, end < 0 ? undefined : end)
  const dots = '.'.repeat(column)
  return `ERROR: <input>:${line}:${column + 1}: ${message}\n | ${text.replaceAll('\t', ' ')}\n | ${dots}^`
}
