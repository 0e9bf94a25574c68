import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.authorization.v1', {
  group: 'authorization.k8s.io',
  version: 'v1',
})
