import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.apidiscovery.v2', {
  group: 'apidiscovery.k8s.io',
  version: 'v2',
})
