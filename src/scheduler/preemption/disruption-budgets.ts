import type { Pod } from '../../api/core/v1/index.js'
import type { PodDisruptionBudget } from '../../api/policy/v1/index.js'
import { type Selector, selectorFromObject } from '../../machinery/labels.js'

const selectors = new WeakMap<PodDisruptionBudget, Selector>()

function selectorOf(budget: PodDisruptionBudget): Selector {
  let selector = selectors.get(budget)
  if (!selector) selectors.set(budget, (selector = selectorFromObject(budget.spec.selector)))
  return selector
}

/** Those of `pods`, in this order, that cannot go without breaking a budget if all of them go. */
export function violating(pods: readonly Pod[], budgets: readonly PodDisruptionBudget[]): ReadonlySet<Pod> {
  const found = new Set<Pod>()
  if (budgets.length === 0) return found
  const left = budgets.map(({ status }) => status.disruptionsAllowed ?? 0)
  for (const pod of pods) {
    const { name = '', namespace, labels } = pod.metadata
    if (!labels || Object.keys(labels).length === 0) continue
    for (const [i, budget] of budgets.entries()) {
      if (budget.metadata.namespace !== namespace) continue
      const selector = selectorOf(budget)
      if (selector.empty || !selector.matches(labels)) continue
      // It is on its way already, and has been counted.
      if (budget.status.disruptedPods?.[name] !== undefined) continue
      const allowed = (left[i] ?? 0) - 1
      left[i] = allowed
      if (allowed < 0) found.add(pod)
    }
  }
  return found
}
