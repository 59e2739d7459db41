// Whether this page can be heard: said where it cannot, and tried where it can.
import { enableSound, soundBlocked } from '../sound'
import { Speaker } from './Speaker'

interface Props {
  blocked: string
  test: string
  testid: string
  play: () => void
}

export function Sound({ blocked, test, testid, play }: Props) {
  if (soundBlocked.value) {
    return (
      <button class="sound-blocked" data-testid="sound-blocked" onClick={enableSound}>
        <Speaker off /> {blocked}
      </button>
    )
  }
  return (
    <button class="quiet" data-testid={testid} onClick={play}>
      <Speaker off={false} /> {test}
    </button>
  )
}
