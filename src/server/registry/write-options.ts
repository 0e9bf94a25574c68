import { invalidValue, notSupported, tooLong } from '../../machinery/field-errors.js'
import type { ApiRequest } from '../../machinery/http.js'
import { DeleteOptions } from '../../machinery/meta/index.js'
import type { FieldPath } from '../../machinery/path.js'
import type { PropagationPolicy, Resource } from '../../machinery/resource.js'
import { type FieldError, invalid } from '../../machinery/status-error.js'
import type { RequestContext } from '../pipeline.js'
import { isTrue } from '../request-info.js'
import type { DeletionRequest } from './deletion.js'
import { integer } from './query.js'
import { type DecodeContext, type FieldValidation, readOptionalObject } from './read-body.js'
import type { WriteContext } from './write.js'

const maximumManager = 128
const fieldValidations = ['', 'Ignore', 'Strict', 'Warn']
const policies = ['Foreground', 'Background', 'Orphan', 'nil']

/** The names of the options of each verb, as errors quote them. */
const optionsOf: { readonly [verb: string]: string } = {
  create: 'CreateOptions',
  update: 'UpdateOptions',
  patch: 'PatchOptions',
  delete: 'DeleteOptions',
  deletecollection: 'DeleteOptions',
}

/** The options of a write in its query. Throws a 422 for values that are none. */
export function writeContext({ request, info, user, warnings, annotate }: RequestContext): WriteContext {
  const { query } = request
  let dryRun: readonly string[] = []
  let manager = ''
  if (query.size > 0) {
    dryRun = dryRunOf(query)
    manager = query.get('fieldManager') ?? ''
    const errors = [
      ...managerErrors(manager),
      ...dryRunErrors(dryRun),
      ...validationErrors(query.get('fieldValidation') ?? ''),
    ]
    check(optionsOf[info.verb] ?? 'CreateOptions', errors)
  }
  return {
    user,
    fieldManager: manager || managerFromAgent(request),
    dryRun: dryRun.length > 0,
    warn: text => warnings.push(text),
    annotate,
  }
}

const dryRunOf = (query: URLSearchParams): string[] => query.getAll('dryRun')

function check(kind: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors)
}

/** What is wrong with a manager's name. */
export function managerErrors(manager: string, at: FieldPath | string = 'fieldManager'): FieldError[] {
  const errors: FieldError[] = []
  if (Buffer.byteLength(manager) > maximumManager) errors.push(tooLong(at, maximumManager))
  if (manager !== printableOf(manager))
    errors.push(invalidValue(at, manager, 'should only contain printable characters'))
  return errors
}

const dryRunErrors = (dryRun: readonly string[]): FieldError[] =>
  dryRun.some(value => value !== 'All') ? [notSupported('dryRun', dryRun, ['All'])] : []

const validationErrors = (fieldValidation: string): FieldError[] =>
  fieldValidations.includes(fieldValidation) ? [] : [notSupported('fieldValidation', fieldValidation, fieldValidations)]

const printableOf = (text: string): string => text.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, '')

/** A manager that is not named is the program that wrote: the first word of its User-Agent. */
export function managerFromAgent({ headers }: Pick<ApiRequest, 'headers'>): string {
  const agent = headers['user-agent'] ?? ''
  const slash = agent.indexOf('/')
  const program = slash < 0 ? agent : agent.slice(0, slash)
  return (/^[ -~]{1,128}$/.test(program) ? program : shortened(program)) || 'unknown'
}

/** What can be printed of a header's text, as far as there is room for it. */
function shortened(header: string): string {
  let name = ''
  for (const character of printableOf(Buffer.from(header, 'latin1').toString())) {
    if (Buffer.byteLength(name + character) > maximumManager) break
    name += character
  }
  return name
}

/** How strictly a body is read. */
export function decodeContext({ request: { query }, warnings }: RequestContext): DecodeContext {
  const fieldValidation = (query.size > 0 && query.get('fieldValidation')) || 'Warn'
  return { fieldValidation: fieldValidation as FieldValidation, warn: text => warnings.push(text) }
}

export interface Deletion {
  readonly request: DeletionRequest
  readonly write: WriteContext
  /** What cannot be read is deleted all the same, whatever breaks. */
  readonly ignoresReadErrors: boolean
}

/**
 * Deletion options come in the body or, if there is none, in the query. Throws a 400 or 422 for what they cannot be.
 * Warns who says nothing about dependents, where the kind wants that.
 */
export async function deletionOptions(context: RequestContext, resource: Resource): Promise<Deletion> {
  const { request } = context
  const body = await readOptionalObject(request, DeleteOptions, { fieldValidation: 'Ignore', warn: () => {} })
  const options: Partial<DeleteOptions> = body ?? optionsInQuery(request.query)
  check('DeleteOptions', deletionErrors(options))
  const write = writeContext(context)
  const deletion = deletionRequestOf(options)
  const { warning } = resource.strategy.defaultPropagation ?? {}
  if (warning && !deletion.propagationPolicy) write.warn(warning)
  return {
    request: deletion,
    write: options.dryRun?.length ? { ...write, dryRun: true } : write,
    ignoresReadErrors: options.ignoreStoreReadErrorWithClusterBreakingPotential === true,
  }
}

/** What deletion options that make sense ask for. */
export function deletionRequestOf(options: Partial<DeleteOptions>): DeletionRequest {
  const { gracePeriodSeconds, propagationPolicy, orphanDependents, preconditions } = options
  return {
    gracePeriodSeconds,
    propagationPolicy: (propagationPolicy ?? policyOf(orphanDependents)) as PropagationPolicy | undefined,
    preconditions,
  }
}

function optionsInQuery(query: URLSearchParams): Partial<DeleteOptions> {
  if (query.size === 0) return {}
  const gracePeriodSeconds = integer(query, 'gracePeriodSeconds')
  const propagationPolicy = query.get('propagationPolicy')
  const orphanDependents = query.get('orphanDependents')
  const ignoresReadErrors = query.get('ignoreStoreReadErrorWithClusterBreakingPotential')
  return {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === null ? {} : { propagationPolicy }),
    ...(orphanDependents === null ? {} : { orphanDependents: isTrue(orphanDependents) }),
    ...(ignoresReadErrors === null
      ? {}
      : { ignoreStoreReadErrorWithClusterBreakingPotential: isTrue(ignoresReadErrors) }),
    dryRun: dryRunOf(query),
  }
}

/** Whether deletion options make sense. */
export function deletionErrors(options: Partial<DeleteOptions>): FieldError[] {
  const { propagationPolicy: policy, orphanDependents, dryRun = [] } = options
  const errors: FieldError[] = []
  if (policy !== undefined && orphanDependents !== undefined)
    errors.push(
      invalidValue('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'),
    )
  if (policy !== undefined && !policies.slice(0, -1).includes(policy))
    errors.push(notSupported('propagationPolicy', policy, policies))
  return [...errors, ...dryRunErrors(dryRun)]
}

const policyOf = (orphan: boolean | undefined): PropagationPolicy | undefined =>
  orphan === undefined ? undefined : orphan ? 'Orphan' : 'Background'
