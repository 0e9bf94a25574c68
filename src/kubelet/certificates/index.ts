export { CertificateRotation, type RotationOptions, rotationTime } from './certificate-rotation.js'
export { CertificateStore, type KeyedCertificate } from './certificate-store.js'
export { requestCertificate } from './request-certificate.js'
export { type CertificateWish, clientWish, servingWish } from './wishes.js'
