import type { UserInfo } from '../machinery/http.js'
import { accountGroups, accountUser, authenticatedGroup } from '../server/authentication/user-names.js'
import { accountOfController } from './controller-accounts.js'

/** A component of the control plane, as upstream names it. */
const system = (component: string): UserInfo => ({
  name: `system:${component}`,
  groups: [authenticatedGroup],
})
export const controllerManager = system('kube-controller-manager')
export const scheduler = system('kube-scheduler')
/** What a controller is allowed is up to its service account. */
export function controllerUser(controller: string): UserInfo {
  const name = accountOfController(controller)
  return name === undefined
    ? controllerManager
    : {
        name: accountUser({ namespace: 'kube-system', name }),
        groups: [...accountGroups('kube-system'), authenticatedGroup],
      }
}
export const apiServer: UserInfo = { name: 'system:apiserver', groups: ['system:masters', authenticatedGroup] }
export const admin: UserInfo = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] }
