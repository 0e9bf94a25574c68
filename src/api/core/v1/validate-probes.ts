import { forbiddenField, invalidValue, invalidValues, notSupported, required } from '../../../machinery/field-errors.js'
import { httpHeaderName, notNegative, portNumber } from '../../../machinery/names.js'
import type { FieldPath } from '../../../machinery/path.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { portReference, requiredOneOf, requiredText } from '../../field-rules.js'
import { ofItems } from '../../list-rules.js'
import { Lifecycle, type LifecycleHandler, type Probe, type ProbeHandler } from './probe.js'

/** Seconds a pod has to end, for what must not take longer. */
type Grace = number | undefined

const windowsSignals = ['SIGKILL', 'SIGTERM']

export const validateLivenessProbe = (probe: Probe | undefined, grace: Grace, at: FieldPath): FieldError[] =>
  probe ? [...validateProbe(probe, grace, at), ...validateSingleSuccess(probe, at)] : []

export const validateStartupProbe = validateLivenessProbe

export function validateReadinessProbe(probe: Probe | undefined, grace: Grace, at: FieldPath): FieldError[] {
  if (!probe) return []
  const { terminationGracePeriodSeconds: seconds } = probe
  const errors = validateProbe(probe, grace, at)
  if (seconds !== undefined)
    errors.push(invalidValue(at.child('terminationGracePeriodSeconds'), seconds, 'must not be set for readinessProbes'))
  return errors
}

const probeNumbers = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const

function validateProbe(probe: Probe, grace: Grace, at: FieldPath): FieldError[] {
  const errors = validateHandler(probe, grace, at)
  for (const field of probeNumbers) {
    const value = probe[field]
    if (value !== undefined && value < 0) errors.push(invalidValue(at.child(field), value, notNegative))
  }
  const seconds = probe.terminationGracePeriodSeconds
  if (seconds !== undefined && seconds <= 0)
    errors.push(invalidValue(at.child('terminationGracePeriodSeconds'), seconds, 'must be greater than 0'))
  return errors
}

const validateSingleSuccess = ({ successThreshold = 0 }: Probe, at: FieldPath): FieldError[] =>
  successThreshold === 1 ? [] : [invalidValue(at.child('successThreshold'), successThreshold, 'must be 1')]

/** Hooks of a container; the signal needs to know the system the pod is for. */
export function validateLifecycle(
  { postStart, preStop, stopSignal }: Lifecycle,
  grace: Grace,
  system: string | undefined,
  at: FieldPath,
): FieldError[] {
  const errors: FieldError[] = []
  if (postStart) errors.push(...validateHandler(postStart, grace, at.child('postStart')))
  if (preStop) errors.push(...validateHandler(preStop, grace, at.child('preStop')))
  if (stopSignal === undefined) return errors
  const here = at.child('stopSignal')
  const signals = system === 'windows' ? windowsSignals : (Lifecycle.fields['stopSignal']?.enum ?? [])
  if (!system) errors.push(forbiddenField(here, 'may not be set for containers with empty `spec.os.name`'))
  else if (!signals.includes(stopSignal)) errors.push(notSupported(here, stopSignal, signals))
  return errors
}

type Handler = ProbeHandler & LifecycleHandler

const handlerTypes = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const

function validateHandler(handler: Handler, grace: Grace, at: FieldPath): FieldError[] {
  const errors: FieldError[] = []
  let found = 0
  for (const type of handlerTypes) {
    if (!handler[type]) continue
    const here = at.child(type)
    if (found++ > 0) errors.push(forbiddenField(here, 'may not specify more than 1 handler type'))
    else errors.push(...validateAction(handler, grace, here))
  }
  return found > 0 ? errors : [required(at, 'must specify a handler type')]
}

/** The first of what a handler does. */
function validateAction({ exec, httpGet, tcpSocket, grpc, sleep }: Handler, grace: Grace, at: FieldPath): FieldError[] {
  if (exec) return exec.command?.length ? [] : [required(at.child('command'))]
  if (httpGet) return validateHttpGet(httpGet, at)
  if (tcpSocket) return portReference(tcpSocket.port, at.child('port'))
  if (grpc) return invalidValues(at.child('port'), grpc.port, portNumber(grpc.port))
  return sleep ? validateSleep(sleep.seconds, grace, at) : []
}

function validateHttpGet({ path, port, scheme, httpHeaders }: NonNullable<Handler['httpGet']>, at: FieldPath) {
  return [
    ...requiredText(path, at.child('path')),
    ...portReference(port, at.child('port')),
    ...requiredOneOf(scheme, ['HTTP', 'HTTPS'], at.child('scheme')),
    ...ofItems(httpHeaders, ({ name }) => invalidValues(at.child('httpHeaders'), name, httpHeaderName(name))),
  ]
}

const validateSleep = (seconds: number, grace: Grace, at: FieldPath): FieldError[] =>
  grace !== undefined && (seconds < 0 || seconds > grace)
    ? [invalidValue(at, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${grace})`)]
    : []
