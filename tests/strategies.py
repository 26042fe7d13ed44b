"""What hypothesis makes up: words of any script, turns, whole transcripts."""

from __future__ import annotations

from hypothesis import strategies as st

from mockserver.engine.transcripts import Transcript, UntimedTurn, UntimedWord, transcribe

texts = st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=12)
moments = st.integers(0, 100_000)
durations = st.integers(1, 36_000_000)
any_durations = durations | st.integers(1, 400_000_000)
ODD = (
    "--> ---> <b> </i> <v & &amp; &lt; << >> - — … ... . ?! \"' [MUSIC] [Speaker: A] {x} 00:00:01,000 00:01.000 1 42 "
    "1,234 3.14 50% $5 שלום، مرحبا हिन्दी की का ไม่ cafe\u0301 你好。 😀 ❤️ don't well-known john_doe C++ Dr. e.g. U.S. A. WEBVTT NOTE"
).split()
PLAIN = (
    "hello Hello, hello. world world! the The and we We're um Um, uh. damn Damn! shit, order Order. number five 5 "
    'Anna Anna\'s Smith, tomorrow New York? "New York." (yes) no; maybe'
).split()
spoken_texts = st.sampled_from(PLAIN) | st.sampled_from(ODD) | texts


@st.composite
def words(draw: st.DrawFn, said: st.SearchStrategy[str] = texts) -> UntimedWord:
    text = draw(said)
    if draw(st.booleans()):
        return UntimedWord(text)
    start, length = draw(moments), draw(moments)
    return UntimedWord(text, start, start + length, draw(st.none() | st.floats(0, 1)))


@st.composite
def turns(draw: st.DrawFn, said: st.SearchStrategy[str] = texts) -> UntimedTurn:
    spoken = tuple(draw(st.lists(words(said), max_size=8)))
    speaker = draw(st.none() | st.sampled_from("ABC"))
    channel = draw(st.none() | st.integers(1, 2))
    if draw(st.booleans()):
        return UntimedTurn(spoken, speaker, channel)
    start = draw(moments)
    return UntimedTurn(spoken, speaker, channel, start, start + draw(moments))


conversations = st.lists(turns(), max_size=6)


@st.composite
def transcripts(draw: st.DrawFn, said: st.SearchStrategy[str] = spoken_texts, language: str = "en") -> Transcript:
    """Return any transcript: half of them of words with given times, half of many words without any."""
    duration = draw(any_durations)
    if draw(st.booleans()):
        spoken = draw(st.lists(turns(said), max_size=6))
    else:
        lines = draw(st.lists(st.lists(said, min_size=1, max_size=25), max_size=4))
        spoken = [
            UntimedTurn(tuple(map(UntimedWord, line)), "ABCD"[place % 3], 1 + place % 2)
            for place, line in enumerate(lines)
        ]
    return transcribe(spoken, language=language, duration=duration, seed="s", channels=2)
