// Sends one photograph or report, with the progress of it; `fetch` cannot tell how much has gone.
import { Problem } from '../shared/api'
import type { Document } from '../shared/wire'

export const LARGEST_BYTES = 10 * 1024 * 1024
export const ACCEPTED = 'image/*,application/pdf'

/** Why a file is not worth sending, before any of it has gone; the server looks at the content itself. */
export function unfitFile(file: Pick<File, 'type' | 'size'>): 'empty' | 'too-large' | 'wrong-type' | null {
  if (file.size === 0) return 'empty'
  if (file.size > LARGEST_BYTES) return 'too-large'
  // some old phones name no type; the server decides then
  return !file.type || file.type.startsWith('image/') || file.type === 'application/pdf' ? null : 'wrong-type'
}

function refusal(request: XMLHttpRequest): Problem {
  const told = parsed(request.responseText)
  const slug = String(told['type'] ?? '').split('/').pop() || `status-${request.status}`
  return new Problem(slug, request.status, String(told['detail'] ?? told['title'] ?? ''), null, told)
}

function parsed(text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) ?? {}) as Record<string, unknown>
  } catch {
    return {}
  }
}

/** `progress` is told 0 … 1. Throws a Problem. */
export function upload(file: File, progress: (share: number) => void): Promise<Document> {
  const form = new FormData()
  form.append('file', file, file.name)
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', '/api/v1/ticket/documents')
    request.setRequestHeader('accept', 'application/json')
    request.upload.onprogress = ({ loaded, total }) => progress(total ? loaded / total : 0)
    request.onerror = request.ontimeout = () => reject(new Problem('offline', 0, ''))
    request.onload = () => (request.status < 300 ? resolve(parsed(request.responseText) as unknown as Document) : reject(refusal(request)))
    request.send(form)
  })
}
