import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.authentication.v1', {
  group: 'authentication.k8s.io',
  version: 'v1',
})
