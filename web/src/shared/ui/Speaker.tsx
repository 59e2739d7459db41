// A loudspeaker, struck through when sound is off. Drawn, since old systems lack the sign.
export function Speaker({ off }: { off: boolean }) {
  return (
    <svg class="speaker" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">
      <path d="M4 9v6h4l5 4V5L8 9z" />
      {off ? <path d="M17 9l5 6M22 9l-5 6" /> : <path d="M17 9a4 4 0 0 1 0 6M19.5 6.5a8 8 0 0 1 0 11" />}
    </svg>
  )
}
