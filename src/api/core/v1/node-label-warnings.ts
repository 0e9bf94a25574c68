import type { FieldPath } from '../../../machinery/path.js'

/** Labels of nodes by their old names. */
const renamedLabels: { readonly [label: string]: string } = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
}

interface LabelSelector {
  readonly matchLabels?: { readonly [label: string]: string }
  readonly matchExpressions?: readonly { readonly key: string }[]
}

/** Tells at the field of a label that nodes have it by another name. */
export function labelWarnings(label: string, at: FieldPath): string[] {
  const why = renamedLabels[label]
  return why === undefined ? [] : [`${at}: ${why}`]
}

/** The same, with the label. */
export function keyWarnings(label: string, at: FieldPath): string[] {
  const why = renamedLabels[label]
  return why === undefined ? [] : [`${at}: ${label} is ${why}`]
}

/** What a selector of nodes by their labels asks for by old names. */
export const nodeSelectorWarnings = (
  { matchExpressions = [], matchLabels = {} }: LabelSelector,
  at: FieldPath,
): string[] => [
  ...matchExpressions.flatMap(({ key }, i) => keyWarnings(key, at.child('matchExpressions').index(i).child('key'))),
  ...Object.keys(matchLabels)
    .sort()
    .flatMap(label => labelWarnings(label, at.child('matchLabels', label))),
]
