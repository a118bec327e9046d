"""Signing in and out."""

from django.contrib.auth import views

from console.permissions import public

login = public(
    views.LoginView.as_view(template_name="accounts/login.html", redirect_authenticated_user=True)
)
logout = public(views.LogoutView.as_view())
