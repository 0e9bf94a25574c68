import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.rbac.v1', { group: 'rbac.authorization.k8s.io', version: 'v1' })
