import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.flowcontrol.v1', {
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
})
