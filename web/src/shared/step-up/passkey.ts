// Passkeys: the server's options as JSON (WebAuthn §5.1.8–9) into the browser's call, its answer back as JSON.
import { post } from '../api'
import { toBase64url, toBytes } from '../base64url'

type Json = Record<string, unknown>

export function hasPasskeys(): boolean {
  return 'PublicKeyCredential' in window && isSecureContext
}

function descriptors(list: unknown): PublicKeyCredentialDescriptor[] {
  return ((list as { id: string; type: 'public-key' }[] | undefined) ?? []).map((each) => ({ ...each, id: toBytes(each.id) }))
}

async function asked(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  const credential = await ask()
  if (!(credential instanceof PublicKeyCredential)) throw new Error('no passkey was given')
  return credential
}

function envelope(credential: PublicKeyCredential, response: Json): Json {
  return { id: credential.id, rawId: toBase64url(credential.rawId), type: credential.type, response, clientExtensionResults: credential.getClientExtensionResults() }
}

/** Shows the passkey for a step-up. Throws the Problem, or what the browser says. */
export async function usePasskey(): Promise<void> {
  const options = await post<Json>('/step-up/passkey/options')
  const publicKey = { ...options, challenge: toBytes(String(options['challenge'])), allowCredentials: descriptors(options['allowCredentials']) }
  const credential = await asked(() => navigator.credentials.get({ publicKey: publicKey as PublicKeyCredentialRequestOptions }))
  const given = credential.response as AuthenticatorAssertionResponse
  const response: Json = {
    clientDataJSON: toBase64url(given.clientDataJSON),
    authenticatorData: toBase64url(given.authenticatorData),
    signature: toBase64url(given.signature),
  }
  if (given.userHandle) response['userHandle'] = toBase64url(given.userHandle)
  await post('/step-up/passkey', { credential: envelope(credential, response) })
}

/** A new passkey of this device. */
export async function addPasskey(password: string, label: string): Promise<void> {
  const options = await post<Json>('/passkeys/options', { password })
  const user = options['user'] as Json
  const publicKey = {
    ...options,
    challenge: toBytes(String(options['challenge'])),
    user: { ...user, id: toBytes(String(user['id'])) },
    excludeCredentials: descriptors(options['excludeCredentials']),
  }
  const credential = await asked(() => navigator.credentials.create({ publicKey: publicKey as unknown as PublicKeyCredentialCreationOptions }))
  const given = credential.response as AuthenticatorAttestationResponse
  const response: Json = { clientDataJSON: toBase64url(given.clientDataJSON), attestationObject: toBase64url(given.attestationObject) }
  await post('/passkeys', { label, credential: envelope(credential, response) })
}
