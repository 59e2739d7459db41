// How loud the microphone is, ten times a second.
import { useEffect, useState } from 'preact/hooks'

const HEARD = 0.12 // of full scale: above the hiss of an empty room, below a quiet voice

/** 0 … 1; `heard` is called while there is a voice. */
export function useLoudness(stream: MediaStream, heard: () => void): number {
  const [loudness, setLoudness] = useState(0)
  useEffect(() => {
    if (!('AudioContext' in window) || !stream.getAudioTracks().length) return undefined
    const audio = new AudioContext()
    const analyser = audio.createAnalyser()
    analyser.fftSize = 512
    audio.createMediaStreamSource(stream).connect(analyser)
    const samples = new Uint8Array(analyser.fftSize)
    const timer = setInterval(() => {
      analyser.getByteTimeDomainData(samples)
      const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample - 128)), 0)
      const level = Math.min(1, peak / 64)
      setLoudness(level)
      if (level > HEARD) heard()
    }, 100)
    return () => {
      clearInterval(timer)
      void audio.close()
    }
  }, [stream])
  return loudness
}
