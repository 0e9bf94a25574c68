import { invalidValue, notSupported, required, Shown } from '../../../machinery/field-errors.js'
import { goJson } from '../../../machinery/go-format.js'
import { jsonEqual } from '../../../machinery/json-equal.js'
import { printLabelSelector } from '../../../machinery/labels.js'
import { type FieldPath, root } from '../../../machinery/path.js'
import { type Resource, resource, statusView } from '../../../machinery/resource.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { validateLabelSelector } from '../../../machinery/validate-labels.js'
import { ageColumn, containerColumns, labelsText, nameColumn, numberColumn, textColumn } from '../../columns.js'
import { defaultPodSpec } from '../../core/v1/pod-defaults.js'
import { validateLastingTemplate, validateSelected } from '../../core/v1/validate-pod.js'
import { atMostAll, countOrPercent, isNone, nonNegative, unchanged } from '../../field-rules.js'
import { keepStatus } from '../../status-apart.js'
import { isEmptySelector, shownSelector, usableSelector } from '../../workload-selectors.js'
import { DaemonSet, type DaemonSetUpdateStrategy } from './daemon-set.js'
import { templateWarnings, validateCollisions } from './workload.js'

const counted = (name: string, field: keyof DaemonSet['status'] & string) =>
  numberColumn<DaemonSet>(name, ({ status }) => Number(status[field] ?? 0), { field: `status.${field}` })

export const daemonSets: Resource<DaemonSet> = resource(DaemonSet, {
  shortNames: ['ds'],
  categories: ['all'],
  columns: [
    nameColumn,
    counted('Desired', 'desiredNumberScheduled'),
    counted('Current', 'currentNumberScheduled'),
    counted('Ready', 'numberReady'),
    counted('Up-to-date', 'updatedNumberScheduled'),
    counted('Available', 'numberAvailable'),
    textColumn('Node Selector', ({ spec }) => labelsText(spec.template.spec.nodeSelector), {
      field: 'spec.template.spec.nodeSelector',
    }),
    ageColumn,
    ...containerColumns<DaemonSet>(({ spec }) => spec.template.spec),
    textColumn('Selector', ({ spec }) => printLabelSelector(spec.selector), { wide: true, field: 'spec.selector' }),
  ],
  versionAnnotations: ['deprecated.daemonset.template.generation'],
  subresources: [statusView({ validateUpdate: validateStatus })],
  defaults({ metadata, spec }) {
    // Upstream has it of the defaults, too: the writer owns it.
    if (!metadata.annotations?.[templateGeneration]) annotate(metadata, 1)
    spec.updateStrategy.type ||= 'RollingUpdate'
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {}
      spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1
      spec.updateStrategy.rollingUpdate.maxSurge ??= 0
    }
    spec.revisionHistoryLimit ??= 10
    defaultPodSpec(spec.template.spec)
  },
  strategy: {
    generation: true,
    resetFields: ['status'],
    prepareForCreate(draft) {
      draft.status = {
        currentNumberScheduled: 0,
        numberMisscheduled: 0,
        desiredNumberScheduled: 0,
        numberReady: 0,
      }
      annotate(draft.metadata, 1)
    },
    prepareForUpdate(draft, old) {
      keepStatus(draft, old)
      const before = Number(old.metadata.annotations?.[templateGeneration] ?? 0)
      annotate(draft.metadata, jsonEqual(draft.spec.template, old.spec.template) ? before : before + 1)
    },
    validate,
    validateUpdate: (set, old) => [
      ...validate(set),
      ...unchanged(set.spec.selector, old.spec.selector, root.child('spec', 'selector')),
    ],
    warnings: (set, old) => templateWarnings(set, old, set.spec.template),
  },
})

/** Counts changes of the template, for controllers older than its hashes. */
const templateGeneration = 'deprecated.daemonset.template.generation'

function annotate(metadata: { annotations?: { [key: string]: string } }, generation: number): void {
  metadata.annotations = { ...metadata.annotations, [templateGeneration]: String(generation) }
}

function validate({ spec }: DaemonSet): FieldError[] {
  const at = root.child('spec')
  const { selector, template } = spec
  const errors = validateLabelSelector(selector, at.child('selector'))
  const usable = usableSelector(selector)
  if (usable) errors.push(...validateSelected(usable, template, at.child('template'), true))
  if (selector && isEmptySelector(selector))
    errors.push(invalidValue(at.child('selector'), shownSelector(selector), 'empty selector is invalid for daemonset'))
  return [
    ...errors,
    ...validateLastingTemplate(template, 'DaemonSet', at.child('template')),
    ...nonNegative(spec.minReadySeconds, at.child('minReadySeconds')),
    ...validateStrategy(spec.updateStrategy, at.child('updateStrategy')),
    ...nonNegative(spec.revisionHistoryLimit, at.child('revisionHistoryLimit')),
  ]
}

function validateStrategy({ type = '', rollingUpdate }: DaemonSetUpdateStrategy, at: FieldPath): FieldError[] {
  if (type === 'OnDelete') return []
  if (type !== 'RollingUpdate') {
    const { maxUnavailable, maxSurge } = rollingUpdate ?? {}
    const shown = {
      Type: type,
      RollingUpdate: rollingUpdate ? { MaxUnavailable: maxUnavailable ?? 0, MaxSurge: maxSurge ?? 0 } : null,
    }
    return [notSupported(at, new Shown(goJson(shown)), ['RollingUpdate', 'OnDelete'])]
  }
  const here = at.child('rollingUpdate')
  if (!rollingUpdate) return [required(here)]
  const { maxUnavailable, maxSurge } = rollingUpdate
  const unavailable = here.child('maxUnavailable')
  const surge = here.child('maxSurge')
  const errors = [
    ...countOrPercent(maxUnavailable, unavailable),
    ...countOrPercent(maxSurge, surge),
    ...atMostAll(maxUnavailable, unavailable),
    ...atMostAll(maxSurge, surge),
  ]
  if (isNone(maxUnavailable) && isNone(maxSurge)) errors.push(required(unavailable, 'cannot be 0 when maxSurge is 0'))
  if (!isNone(maxUnavailable) && !isNone(maxSurge))
    errors.push(invalidValue(surge, maxSurge, 'may not be set when maxUnavailable is non-zero'))
  return errors
}

function validateStatus({ status }: DaemonSet, old: DaemonSet): FieldError[] {
  const at = root.child('status')
  const errors = (
    [
      'currentNumberScheduled',
      'numberMisscheduled',
      'desiredNumberScheduled',
      'numberReady',
      'observedGeneration',
      'updatedNumberScheduled',
      'numberAvailable',
      'numberUnavailable',
      'collisionCount',
    ] as const
  ).flatMap(field => nonNegative(status[field], at.child(field)))
  return [...errors, ...validateCollisions(status, old.status)]
}
