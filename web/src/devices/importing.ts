// A table of devices to the server as the file of a form, and its credentials into a file of this machine.
import { Problem } from '../shared/api'
import type { ImportReport } from '../shared/wire'

async function send(path: string, file: File): Promise<Response> {
  const form = new FormData()
  form.append('file', file, file.name)
  const response = await fetch(`/api/v1${path}`, { method: 'POST', body: form, credentials: 'same-origin' }).catch((error: unknown) => {
    throw new Problem('offline', 0, String(error))
  })
  if (!response.ok) throw await refusal(response)
  return response
}

async function refusal(response: Response): Promise<Problem> {
  const told = ((await response.json().catch(() => null)) ?? {}) as Record<string, unknown>
  const slug = String(told['type'] ?? '').split('/').pop() || `status-${response.status}`
  return new Problem(slug, response.status, String(told['detail'] ?? told['title'] ?? ''), null, told)
}

/** Nothing is added by it. Throws a Problem. */
export async function checkFile(file: File): Promise<ImportReport> {
  return (await (await send('/devices/import/check', file)).json()) as ImportReport
}

/** The credentials, which the server keeps no longer. Throws a Problem. */
export async function importFile(file: File, reissue: boolean): Promise<Blob> {
  return (await send(`/devices/import?reissue=${reissue}`, file)).blob()
}

export function save(content: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
