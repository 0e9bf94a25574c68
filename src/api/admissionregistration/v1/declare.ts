import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.admissionregistration.v1', {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
})
