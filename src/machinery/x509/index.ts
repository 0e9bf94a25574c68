export { createCertificate, type Issuer } from './certificate.js'
export { createKey, keyToPem, publicKeyToPem } from './keys.js'
export { type AlternativeNames, canonicalAddress, type Name } from './names.js'
export {
  type CertificateRequest,
  createCertificateRequest,
  InvalidSignature,
  readCertificateRequest,
} from './request.js'
export { certificateSays, type LeafTemplate, subjectOf } from './says.js'
export type { Usage } from './usages.js'
