import { root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import { TokenRequest } from '../../authentication/v1/index.js'
import { ageColumn, nameColumn } from '../../columns.js'
import { ServiceAccount } from './service-account.js'

const mountable = 'kubernetes.io/enforce-mountable-secrets'

export const serviceAccounts: Resource<ServiceAccount> = resource(ServiceAccount, {
  shortNames: ['sa'],
  columns: [nameColumn, ageColumn],
  deleteAnswersObject: true,
  strategy: {
    metadataLooks: { asNew: 1 },
    warnings: ({ metadata }, old) =>
      metadata.annotations?.[mountable] === undefined || old?.metadata.annotations?.[mountable] !== undefined
        ? []
        : [
            `${root.child('metadata', 'annotations').key(mountable)}: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
          ],
  },
  subresources: [{ type: 'action', name: 'token', kind: TokenRequest, verbs: ['create'] }],
})
