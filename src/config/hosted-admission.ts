import { jsonEqual } from '../machinery/json-equal.js'
import type { ApiObject } from '../machinery/object.js'
import type { Resource } from '../machinery/resource.js'
import { DecodeError, decodeJson, type Kind } from '../schema/index.js'
import type { AdmissionMatch, AdmissionPlugin, AdmissionRequest } from '../server/admission/admission.js'
import { chosenForm, type SeenAs } from '../server/admission/matching.js'
import { replaceObject } from '../server/admission/replace-object.js'
import type { Registries } from '../server/registry/registries.js'
import type { PluginEntry } from './manifest.js'
import { type AdmissionOutcome, type WriteData, writeData } from './plugin-call.js'
import { invalidAnswer, type PluginCaller } from './plugin-caller.js'
import { PluginFault } from './plugin-host.js'

const apiServerName = 'system:apiserver'

/** The admission plugins of a configuration, as the server runs them. */
export const hostedAdmission = (
  entries: readonly PluginEntry<AdmissionMatch>[],
  caller: PluginCaller,
  registries: Registries,
): readonly AdmissionPlugin[] =>
  entries.map((entry, index) => {
    const { name, match, points } = entry
    const ask = async (request: AdmissionRequest, point: 'mutate' | 'validate') => {
      // What the server needs itself is none of a plugin's business.
      if (!caller.active || request.user.name === apiServerName) return
      const form = wantedForm(registries, request, match)
      const { object, old } = request
      const shown = {
        resource: form.resource,
        object: (object && (await form.to(object as ApiObject))) as WriteData['object'],
        old: (old && (await form.to(old))) as WriteData['old'],
      }
      const call = { list: 'admission', index, point, write: writeData(request, shown) } as const
      const outcome = await caller.ask(entry, call, answer => readOutcome(answer, form.resource, point, shown.object))
      if (!outcome) return
      for (const text of outcome.warnings) request.warn(text)
      for (const [key, value] of outcome.annotations) request.annotate?.(key, value)
      if (outcome.changed) replaceObject(request, await form.from(outcome.changed))
    }
    return {
      name,
      ...(match ? { match } : {}),
      ...(points.includes('mutate') ? { mutate: (request: AdmissionRequest) => ask(request, 'mutate') } : {}),
      ...(points.includes('validate') ? { validate: (request: AdmissionRequest) => ask(request, 'validate') } : {}),
    }
  })

/** A plugin that names a kind sees objects in its version, whichever version the request is in. */
function wantedForm(registries: Registries, request: AdmissionRequest, match: AdmissionMatch | undefined): SeenAs {
  const own: SeenAs = { resource: request.resource, to: object => object, from: object => object }
  const { gvk, plural } = request.resource.kind
  const named = match?.resources?.find(
    rule => typeof rule !== 'string' && rule.plural === plural && rule.gvk.group === gvk.group,
  )
  if (named === undefined || typeof named === 'string') return own
  const isNamed = ({ kind }: Resource) =>
    kind.gvk.group === named.gvk.group && kind.gvk.version === named.gvk.version && kind.plural === plural
  return chosenForm(registries, request, undefined, isNamed) ?? own
}

interface ReadOutcome extends Omit<AdmissionOutcome, 'object'> {
  /** The object as it is to be, if it is to be another one. */
  readonly changed?: ApiObject
}

function readOutcome(answer: unknown, { kind }: Resource, point: string, before: unknown): ReadOutcome {
  const { object, warnings, annotations, answered } = answer as AdmissionOutcome
  if (answered !== undefined)
    invalidAnswer(answered, `nothing: ${point === 'mutate' ? 'it changes `object` in place' : 'it throws to refuse'}`)
  if (point !== 'mutate' || before === undefined || jsonEqual(before, object)) return { warnings, annotations }
  try {
    const changed = decodeJson(kind as unknown as Kind<ApiObject>, object) as ApiObject
    return { warnings, annotations, changed }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new PluginFault('invalid', `it made an object that is no ${kind.gvk.kind}: ${error.message}`, {
      cause: error,
    })
  }
}
