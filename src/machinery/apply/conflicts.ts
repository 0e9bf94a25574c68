import { compareText } from '../compare-text.js'
import { goQuote } from '../go-format.js'
import { StatusError } from '../status-error.js'
import { identityText, type ManagerIdentity } from './entries.js'
import { type FieldSet, pathsOf } from './field-set.js'

/** Fields of another manager that an apply would change. */
export interface Conflict {
  readonly manager: ManagerIdentity
  readonly fields: FieldSet
}

/** A 409 that names every conflicting field and its manager; `force` would take them over. */
export class ApplyConflictError extends StatusError {
  constructor(readonly conflicts: readonly Conflict[]) {
    const single = conflicts
      .flatMap(({ manager, fields }) => pathsOf(fields).map(path => ({ manager, path })))
      .sort((a, b) => compareText(a.path, b.path) || compareText(identityText(a.manager), identityText(b.manager)))
    super(409, 'Conflict', describe(conflicts, single), {
      causes: single.map(({ manager, path }) => ({
        reason: 'FieldManagerConflict',
        message: `conflict with ${printManager(manager)}`,
        field: path,
      })),
    })
  }
}

function describe(
  conflicts: readonly Conflict[],
  single: readonly { manager: ManagerIdentity; path: string }[],
): string {
  const [only] = single
  if (only && single.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${printManager(only.manager)}: ${only.path}`
  }
  const groups = [...conflicts].sort((a, b) => compareText(identityText(a.manager), identityText(b.manager)))
  const lines = groups.flatMap(({ manager, fields }) => [
    `conflicts with ${printManager(manager)}:`,
    ...pathsOf(fields).map(path => `- ${path}`),
  ])
  return `Apply failed with ${single.length} conflicts: ${lines.join('\n')}`
}

function printManager({ manager, operation, apiVersion, subresource }: ManagerIdentity): string {
  const named = subresource ? `${goQuote(manager)} with subresource ${goQuote(subresource)}` : goQuote(manager)
  return operation === 'Update' ? `${named} using ${apiVersion}` : named
}
