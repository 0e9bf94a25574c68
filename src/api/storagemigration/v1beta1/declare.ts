import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.storagemigration.v1beta1', {
  group: 'storagemigration.k8s.io',
  version: 'v1beta1',
})
