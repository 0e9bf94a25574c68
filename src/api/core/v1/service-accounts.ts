import { type Resource, resource } from '../../../machinery/resource.js'
import { TokenRequest } from '../../authentication/v1/index.js'
import { ageColumn, nameColumn } from '../../columns.js'
import { ServiceAccount } from './service-account.js'

export const serviceAccounts: Resource<ServiceAccount> = resource(ServiceAccount, {
  shortNames: ['sa'],
  columns: [nameColumn, ageColumn],
  deleteAnswersObject: true,
  strategy: { metadataLooks: { asNew: 1 } },
  subresources: [{ type: 'action', name: 'token', kind: TokenRequest, verbs: ['create'] }],
})
