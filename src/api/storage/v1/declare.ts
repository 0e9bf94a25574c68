import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.storage.v1', { group: 'storage.k8s.io', version: 'v1' })
