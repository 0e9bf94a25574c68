export {
  type CertificateContent,
  type CertificateTemplate,
  createCertificate,
  createKey,
  type Issuer,
  keyToPem,
  publicKeyToPem,
  readCertificate,
} from './certificate.js'
export { type AlternativeNames, addressBytes, addressText, type Name } from './names.js'
export { type CertificateRequest, createCertificateRequest, readCertificateRequest } from './request.js'
export type { Usage } from './usages.js'
