"""The shipped model: a small numpy program and its artefact. Training lives outside the package."""

from classifier.gateways.model.classifier import ShippedModel

__all__ = ["ShippedModel"]
