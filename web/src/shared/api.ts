// HTTP to /api/v1: JSON in, JSON or a Problem (RFC 9457) out. Knows no page and no feature.

const TIMEOUT_MS = 15_000

/** A named refusal of the server, or `offline` when there was no answer at all. */
export class Problem extends Error {
  constructor(
    readonly slug: string,
    readonly status: number,
    readonly detail: string,
    readonly field: string | null = null,
    readonly extras: Record<string, unknown> = {},
  ) {
    super(`${slug}: ${detail}`)
  }

  /** A whole number that the refusal carries, such as `tries_left`; null if it does not. */
  number(name: string): number | null {
    const value = this.extras[name]
    return typeof value === 'number' ? value : null
  }
}

function parseProblem(status: number, body: unknown): Problem {
  const fields = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  const slug = String(fields['type'] ?? '').split('/').pop() || `status-${status}`
  const field = typeof fields['field'] === 'string' ? fields['field'] : null
  return new Problem(slug, status, String(fields['detail'] ?? fields['title'] ?? ''), field, fields)
}

async function answer(method: string, path: string, body: unknown, keepalive: boolean): Promise<Response> {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS)
  const request: RequestInit = { method, keepalive, signal: abort.signal, credentials: 'same-origin', headers: { accept: 'application/json' } }
  if (body !== undefined) {
    request.headers = { accept: 'application/json', 'content-type': 'application/json' }
    request.body = JSON.stringify(body)
  }
  try {
    return await fetch(`/api/v1${path}`, request)
  } catch (error) {
    throw new Problem('offline', 0, String(error))
  } finally {
    clearTimeout(timer)
  }
}

async function request<T>(method: string, path: string, body?: unknown, keepalive = false): Promise<T> {
  const response = await answer(method, path, body, keepalive)
  if (response.status === 204) return undefined as T
  const json: unknown = await response.json().catch(() => null)
  if (!response.ok) throw parseProblem(response.status, json)
  return json as T
}

export const get = <T>(path: string): Promise<T> => request<T>('GET', path)
export const post = <T>(path: string, body: unknown = {}): Promise<T> => request<T>('POST', path, body)
export const put = <T>(path: string, body: unknown, keepalive = false): Promise<T> => request<T>('PUT', path, body, keepalive)
export const remove = (path: string): Promise<void> => request<void>('DELETE', path)

/** Whatever was thrown, as a Problem, so that a page has one kind of trouble to show. */
export function toProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem('page-error', 0, String(error))
}
