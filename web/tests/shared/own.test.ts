// What somebody has muted stays muted, whichever stream comes; closing lets go of the camera.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closeOwn, own, take, toggleCamera, toggleMute } from '../../src/shared/call/own'

class Track {
  enabled = true
  stopped = false
  stop(): void {
    this.stopped = true
  }
}

function stream(): { given: MediaStream; sound: Track; picture: Track } {
  const [sound, picture] = [new Track(), new Track()]
  const given = { getAudioTracks: () => [sound], getVideoTracks: () => [picture], getTracks: () => [sound, picture] }
  return { given: given as unknown as MediaStream, sound, picture }
}

test('what is muted and dark stays so in the next stream', () => {
  const [first, next] = [stream(), stream()]
  take(first.given)
  toggleMute()
  toggleCamera()
  assert.deepEqual([first.sound.enabled, first.picture.enabled], [false, false])
  take(next.given)
  assert.deepEqual([next.sound.enabled, next.picture.enabled], [false, false])
  toggleMute()
  assert.deepEqual([next.sound.enabled, next.picture.enabled], [true, false])
  toggleCamera()
})

test('who closes lets go of camera and microphone', () => {
  const { given, sound, picture } = stream()
  take(given)
  closeOwn()
  assert.deepEqual([sound.stopped, picture.stopped, own.value], [true, true, null])
})
