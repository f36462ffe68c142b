"""Prefect flows: thin tasks over the product's verbs. They carry ids and counts only.

Campaigns are sent, paused, resumed and reported by `campaigns.bootstrap`; Prefect triggers them,
shows them and keeps their schedule. Its state is not the ledger of what was sent.
"""
