import type { Job } from '../../api/batch/v1/index.js'
import type { ContainerStatus, Pod } from '../../api/core/v1/index.js'

export type FailureAction = 'Count' | 'FailIndex' | 'FailJob' | 'Ignore'

/** What a job does about a pod that failed, and why if that ends the job. */
export interface FailureVerdict {
  readonly action: FailureAction
  readonly message: string
}

const counted: FailureVerdict = { action: 'Count', message: '' }

type Rule = NonNullable<Job['spec']['podFailurePolicy']>['rules'][number]

/** The first rule that a pod's failure matches decides: https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy */
export function judgeFailure({ spec }: Job, pod: Pod): FailureVerdict {
  for (const [i, rule] of (spec.podFailurePolicy?.rules ?? []).entries()) {
    const what = match(rule, pod)
    if (what === undefined) continue
    const action = rule.action as FailureAction
    const { namespace = '', name = '' } = pod.metadata
    return { action, message: `${what(`pod ${namespace}/${name}`)} matching ${action} rule at index ${i}` }
  }
  return counted
}

type Describe = (pod: string) => string

function match({ onExitCodes, onPodConditions }: Rule, { status }: Pod): Describe | undefined {
  if (onExitCodes) {
    const { containerName, operator, values } = onExitCodes
    const statuses = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]
    const found = statuses.find(container => {
      const code = exitCode(container)
      if (!code || (containerName !== undefined && container.name !== containerName)) return false
      return operator === 'In' ? values.includes(code) : !values.includes(code)
    })
    if (found) return pod => `Container ${found.name} for ${pod} failed with exit code ${exitCode(found)}`
  }
  const condition = onPodConditions?.find(wanted =>
    status.conditions?.some(({ type, status }) => type === wanted.type && status === (wanted.status || 'True')),
  )
  return condition && (pod => `${pod[0]?.toUpperCase()}${pod.slice(1)} has condition ${condition.type}`)
}

/** Zero is no failure. */
const exitCode = ({ state }: ContainerStatus): number => state.terminated?.exitCode ?? 0
