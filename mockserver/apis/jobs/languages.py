"""The languages that a job can be in.

The API promises 99 without naming them, and falls back to Whisper large: these are the 99 of OpenAI's published
tokenizer (``LANGUAGES`` in ``whisper/tokenizer.py`` of github.com/openai/whisper, ``num_languages=99``), which leaves
out Cantonese, the hundredth, that came with large-v3. Javanese is ``jw`` there, where ISO 639-1 has ``jv``.
"""

LANGUAGES = frozenset(
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml "
    "cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am "
    "yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su".split()
)
