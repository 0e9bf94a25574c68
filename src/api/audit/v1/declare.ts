import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.apiserver.pkg.apis.audit.v1', {
  group: 'audit.k8s.io',
  version: 'v1',
})
