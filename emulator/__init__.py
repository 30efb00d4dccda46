"""A local server that speaks the Anthropic API well enough to develop, demo, test and measure
against.

It validates what it is sent, keeps files, accounts for the prompt cache, streams, and can be told
to misbehave. Its "model" is honest extraction: it answers with the sentences of the documents it
was given, cited to their true character ranges, and says so when they hold no answer. It imports
nothing of the app.
"""
