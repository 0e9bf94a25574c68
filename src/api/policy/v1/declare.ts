import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.policy.v1', { group: 'policy', version: 'v1' })
