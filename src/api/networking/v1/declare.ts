import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.networking.v1', { group: 'networking.k8s.io', version: 'v1' })
