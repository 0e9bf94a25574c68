import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.coordination.v1', {
  group: 'coordination.k8s.io',
  version: 'v1',
})
