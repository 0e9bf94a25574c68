import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.certificates.v1', {
  group: 'certificates.k8s.io',
  version: 'v1',
})
