"""The sandbox: a stand-in for SendGrid, Twilio and X on loopback.

It is a program of its own and shares no code with the product but `campaigns.errors`: what checks
the product must not repeat its mistakes. See docs/sandbox.md.
"""
