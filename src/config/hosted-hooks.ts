import { StatusError } from '../machinery/status-error.js'
import type { AddedHeaders, RunningHook } from '../server/request-hooks.js'
import { type RequestMatch, requestMatcher } from '../server/request-match.js'
import type { PluginEntry } from './manifest.js'
import { hookedData } from './plugin-call.js'
import { invalidAnswer, isComponent, type PluginCaller } from './plugin-caller.js'

/** The hooks of a configuration, as the server runs them. */
export const hostedHooks = (
  entries: readonly PluginEntry<RequestMatch>[],
  caller: PluginCaller,
): readonly RunningHook[] =>
  entries.map((entry, index): RunningHook => {
    const { name, match, points } = entry
    const wants = requestMatcher(match)
    const before: Pick<RunningHook, 'before'> = {
      async before(request) {
        const call = { list: 'hooks', index, point: 'before', request: hookedData(request) } as const
        await caller.ask(entry, call, answer => {
          if (answer !== undefined) invalidAnswer(answer, 'nothing: it throws to refuse')
        })
      },
    }
    const after: Pick<RunningHook, 'after'> = {
      async after(request, answer) {
        const call = { list: 'hooks', index, point: 'after', request: hookedData(request), answer } as const
        // What has been done has been done: the answer goes out.
        return caller.ask(entry, call, readHeaders).catch(error => {
          if (!(error instanceof StatusError)) throw error
          return undefined
        })
      },
    }
    return {
      name,
      wants: ({ user, info }) => caller.active && !isComponent(user) && wants(user, info),
      ...(points.includes('before') ? before : {}),
      ...(points.includes('after') ? after : {}),
    }
  })

const headerName = /^[a-z0-9!#$%&'*+.^_`|~-]+$/
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const headerBreaks = /[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/

function readHeaders(answer: unknown): AddedHeaders | undefined {
  if (answer === undefined || answer === null) return undefined
  const { headers } = answer as Partial<AddedHeaders>
  const entries = typeof headers === 'object' && headers ? Object.entries(headers) : undefined
  const lower = entries?.map(([name, value]) => [name.toLowerCase(), value] as const)
  const isFine = lower?.every(
    ([name, value]) => headerName.test(name) && typeof value === 'string' && !headerBreaks.test(value),
  )
  if (!lower || !isFine) return invalidAnswer(answer, '{ headers: { "x-name": "text" } }, or nothing')
  return { headers: Object.fromEntries(lower) }
}
