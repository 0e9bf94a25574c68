import { goJson } from '../machinery/go-format.js'
import { unifiedDiff } from '../machinery/unified-diff.js'
import type { MessageSchema } from '../schema/index.js'
import { internalForm } from './internal-form.js'

/** What changed between two values, as lines of upstream's internal form. Goes into messages that refuse a change. */
export const objectDiff = <T>(schema: MessageSchema<T>, before: T, after: T): string =>
  unifiedDiff(goJson(internalForm(schema, before), 1), goJson(internalForm(schema, after), 1))
