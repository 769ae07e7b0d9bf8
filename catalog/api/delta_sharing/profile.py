"""The profile file that clients begin with: where the hub is, and a token that stands for nobody. With a key, put it there."""

from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework.request import Request

from catalog.api.addresses import absolute
from catalog.api.delta_sharing.view import NOBODY, SharingView


class ProfileView(SharingView):
    def get(self, request: Request) -> HttpResponseBase:
        response = self.document(
            {
                "shareCredentialsVersion": 1,
                "endpoint": absolute(request, reverse("delta-sharing:root")).removesuffix("/"),
                "bearerToken": NOBODY,
            }
        )
        response.headers["Content-Disposition"] = 'attachment; filename="profile.share"'
        return response


class RootView(SharingView):
    """What stands at the address that the profile names, for people who look there."""

    def get(self, request: Request) -> HttpResponseBase:
        names = ("profile", "shares")
        return self.document({name: absolute(request, reverse(f"delta-sharing:{name}")) for name in names})
