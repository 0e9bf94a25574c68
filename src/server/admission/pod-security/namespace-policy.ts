import { invalidValue } from '../../../machinery/field-errors.js'
import type { Labels } from '../../../machinery/labels.js'
import type { FieldError } from '../../../machinery/status-error.js'
import { type Level, levels, type PolicyVersion } from './evaluate.js'

/** What a namespace's labels ask for: https://kubernetes.io/docs/concepts/security/pod-security-admission/ */
export interface NamespacePolicy {
  readonly enforce: PolicyVersion
  readonly audit: PolicyVersion
  readonly warn: PolicyVersion
}

const prefix = 'pod-security.kubernetes.io/'
const modes = ['enforce', 'audit', 'warn'] as const

const latest = Number.POSITIVE_INFINITY
const unlimited: PolicyVersion = { level: 'privileged', minor: latest }

/** Reads the labels of a namespace. What cannot be read counts as the strictest. */
export function namespacePolicy(labels: Labels = {}): {
  readonly policy: NamespacePolicy
  readonly errors: FieldError[]
} {
  const errors: FieldError[] = []
  const wrong = (label: string, value: string, why: string) =>
    errors.push(invalidValue(`metadata.labels[${label}]`, value, why))
  const policyOf = (mode: (typeof modes)[number]): PolicyVersion => {
    const level = labels[`${prefix}${mode}`]
    const version = labels[`${prefix}${mode}-version`]
    let chosen = unlimited
    if (level !== undefined) {
      const known = levels.find(name => name === level)
      if (!known) wrong(`${prefix}${mode}`, level, `must be one of ${levels.join(', ')}`)
      chosen = { ...chosen, level: known ?? ('restricted' satisfies Level) }
    }
    if (version !== undefined && version !== 'latest') {
      const minor = /^v1\.(0|[1-9][0-9]*)$/.exec(version)?.[1]
      if (minor === undefined) wrong(`${prefix}${mode}-version`, version, 'must be "latest" or "v1.x"')
      else chosen = { ...chosen, minor: Number(minor) }
    }
    return chosen
  }
  return { policy: { enforce: policyOf('enforce'), audit: policyOf('audit'), warn: policyOf('warn') }, errors }
}
